"""The Python SDK; `giftwave_client.py` stands alone and may be copied into any project."""
