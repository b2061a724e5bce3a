"""Sizes and numbers of CPUs as a config may write them, and what Lima makes of each: for our reader and for Lima's."""

SIZES = {
    "8GiB": 8 * 2**30,
    "8g": 8 * 2**30,
    "8 GB": 8 * 2**30,
    "1.5TiB": 3 * 2**39,
    "512m": 2**29,
    "1e3MiB": 1000 * 2**20,
    "+.5e1Kib": 5 * 2**10,
    "2.k": 2**11,
    "0.25P": 2**48,
    "1_0M": 10 * 2**20,
    "10": 10,
    "10b": 10,
    "10 ": 10,
    "1.9": 1,
    "0": 0,
}
"""Text, and its bytes."""

NO_SIZES = [
    *("3 gigs", "8 GiB ", " 8GiB", "8  GiB", "8ki", "8ib", "8bb", "8E", "8GiB!", "GiB", "x"),
    *("-1GiB", "nan", "inf", "1e999", "0x10", "1__0M", "1.2.3", "true", "٣GiB"),
]

CPUS = {"2": 2, '"2"': 2, "2.0": 2, "+3": 3, "null": None, "0": None}
"""YAML, and the number; None if Lima chooses it."""

NO_CPUS = ["many", "true", "[2]", "{a: 2}", '"2 cores"']
