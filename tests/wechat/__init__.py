"""Both halves of the WeChat connection, each checked by itself against contract.py."""
