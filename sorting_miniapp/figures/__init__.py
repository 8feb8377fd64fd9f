"""The year's figures: what is counted (content/figures.yaml), and the ledger of what units typed, signed off by two.

definitions.py loads and checks the file, ledger.py enters, signs off and closes, duties.py knows what is due, sheet.py
reads and writes the spreadsheet; periods.py and styles.py are pure. What our own records say is counted in reports/.
"""
