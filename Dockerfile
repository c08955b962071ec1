# The page that lays pictures out on a grid, as a Space or anywhere: docker build -t glyphzoo . && docker run -p 7860:7860 glyphzoo
FROM python:3.11-slim

COPY packages.txt .
# lapjv is built from its source
RUN apt-get update \
    && apt-get install -y --no-install-recommends g++ $(cat packages.txt) \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --create-home --uid 1000 user
USER user
ENV PATH=/home/user/.local/bin:$PATH
WORKDIR /home/user/app
COPY --chown=user requirements.lock ./
RUN pip install --no-cache-dir --user --no-deps -r requirements.lock
COPY --chown=user . .
EXPOSE 7860
CMD ["python", "-m", "streamlit", "run", "demos/grid.py", "--server.port=7860", "--server.address=0.0.0.0"]
