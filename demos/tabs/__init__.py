"""The tabs of the app: a picture or a drawing to answers."""
