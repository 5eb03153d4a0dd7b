"""Spreadsheets that people upload: inspected before any reader opens them."""
