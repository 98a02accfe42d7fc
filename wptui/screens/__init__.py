"""One module a full-screen view, and what all of them share."""
