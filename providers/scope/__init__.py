"""A scope file, XLSX or CSV, becomes rows: tables → headings → texts → rows, without any database."""
