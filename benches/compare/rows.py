#!/usr/bin/env python3
"""Write ROWS invented leads as CSV to stdout, the same ones every time."""

import csv
import random
import sys

FIRST = "Anna Lukas Olivia Marcus Priya Callum Linnea Oskar Lucía Matteo Zofia Joost Reto Verena João Mette".split()
LAST = "Keller Whitcombe Ashdown Bergqvist Villalobos Bellandi Kowalczuk Zandstra Moosbacher Gonçalvez Donnelly".split()
TITLES = ["CEO", "VP Sales", "Head of Procurement", "Marketing Manager", "Data Analyst", "Geschäftsführerin"]
CITIES = [("Berlin", "Germany"), ("Austin", "United States"), ("Leeds", "United Kingdom"), ("Lyon", "France")]

count = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
pick = random.Random(1)
out = csv.writer(sys.stdout, lineterminator="\n")
out.writerow(["email", "first_name", "last_name", "company", "job_title", "linkedin", "website", "city", "country", "notes"])
for number in range(count):
    first, last = pick.choice(FIRST), pick.choice(LAST)
    company = pick.randrange(max(count // 8, 1))
    city, country = pick.choice(CITIES)
    out.writerow([
        f"p{number}@c{company}.example", first, last, f"Company {company} {pick.choice(['GmbH', 'Ltd', 'Inc.'])}",
        pick.choice(TITLES), f"https://www.linkedin.com/in/p{number}", f"https://c{company}.example", city, country,
        f"met at booth {pick.randrange(400)}, follow up in week {pick.randrange(52)}",
    ])
