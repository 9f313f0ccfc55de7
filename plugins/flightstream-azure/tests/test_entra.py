"""Logins of Microsoft Entra: tokens are asked for over TLS, from what stands in for it."""
