"""Documents of a flag as PDF and workbook."""
