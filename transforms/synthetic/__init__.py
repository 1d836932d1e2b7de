"""Worlds that know their truth. Imports nothing from core.reconcile."""
