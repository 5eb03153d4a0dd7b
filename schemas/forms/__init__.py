"""Forms: kinds of records that are data. A workbook's tables are compiled to a closed definition; readers come from that."""
