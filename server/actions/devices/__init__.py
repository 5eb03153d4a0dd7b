"""Tablets and gates: enrolled, heard from, waited for, revoked."""
