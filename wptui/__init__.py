"""wptui: a terminal inbox for WhatsApp customer service.

This module must stay free of imports: ``wptui --version`` reads it and nothing else.
"""

__version__ = "0.2.0"
