"""Pictures and documents: opened, checked, and made what a network takes."""
