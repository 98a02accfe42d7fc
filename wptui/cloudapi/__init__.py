"""Meta's WhatsApp Cloud API in both directions: webhook bytes to events, and messages, media and templates to Meta.

signature   is this body really Meta's?
webhook     body → items ready to become events (`expand`), pure
payloads    what goes into a send, checked; templates filled
media       which files may be sent, and what they are called
errors      Meta's error codes: what to tell the agent, and whether to try again
graph       the HTTP client; the only module here that needs httpx
"""
