"""What is drawn: the inbox, the thread, and the pieces they are made of."""
