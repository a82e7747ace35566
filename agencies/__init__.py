"""Agencies, their people, how they sign in, and what is told to them."""
