"""Forty awkward files, and what the program says of each, as a page in Markdown.

    python3 awkward.py CAMA FOLDER > reading.md
"""

import gzip
import io
import os
import struct
import subprocess
import sys
import zipfile
import zlib

GRAPH = "digraph { y -> x; y -> k }"
ROWS = 40


def table(x, k=lambda i: "abc"[i % 3], y=lambda i: ["no", "yes"][i % 2], sep=",", head="y,x,k", end="\n"):
    lines = [head.replace(",", sep)] + [sep.join([y(i), x(i), k(i)]) for i in range(ROWS)]
    return (end.join(lines) + end).encode()


def plain(i):
    return f"{i / 7:.3f}"


def png(pixels, mode=0, width=8, height=8):
    channels = {0: 1, 2: 3, 4: 2, 6: 4}[mode]
    rows = b"".join(b"\0" + bytes(pixels(x, y, c) for x in range(width) for c in range(channels)) for y in range(height))
    chunk = lambda name, data: struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
    header = struct.pack(">IIBBBBB", width, height, 8, mode, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def grey(level):
    return png(lambda x, y, c: (level + 16 * x + y) % 256)


def npy(descr, shape, data, fortran=False):
    header = f"{{'descr': '{descr}', 'fortran_order': {fortran}, 'shape': {shape}, }}"
    header += " " * (-(10 + len(header) + 1) % 64) + "\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode() + data


def npz(**arrays):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, array in arrays.items():
            archive.writestr(zipfile.ZipInfo(name + ".npy", (2026, 1, 1, 0, 0, 0)), array)
    return out.getvalue()


def images(n=6):
    return npy("|u1", (n, 8, 8), bytes(i % 251 for i in range(n * 64)))


def labels(*numbers):
    return npy("<i8", (len(numbers),), struct.pack(f"<{len(numbers)}q", *numbers))


def idx(n=6, magic=0x803):
    return struct.pack(">IIII", magic, n, 8, 8) + bytes(i % 251 for i in range(6 * 64))


def folder(*files):
    return dict(files)


TWO = [("a/1.png", grey(0)), ("a/2.png", grey(9)), ("b/1.png", grey(99))]

# What is odd, the name, the content, and further flags.
CASES = [
    ("decimal commas between semicolons", "t.csv", table(lambda i: plain(i).replace(".", ","), sep=";"), []),
    ("decimal points between semicolons", "t.csv", table(plain, sep=";"), []),
    ("tabs", "t.csv", table(plain, sep="\t"), []),
    ("thousands with commas, in quotes", "t.csv", table(lambda i: f'"{1000 * i + 1234:,}.5"'), []),
    ("`1,234` alone, in quotes", "t.csv", table(lambda i: f'"{i + 1},{200 + i}"'), []),
    ("percentages", "t.csv", table(lambda i: f"{i} %"), []),
    ("percentages among numbers", "t.csv", table(lambda i: f"{i} %" if i % 2 else plain(i)), []),
    ("a number that counts the rows", "t.csv", table(lambda i: str(i + 1)), []),
    ("another text in every row", "t.csv", table(plain, k=lambda i: f"id-{i}"), []),
    ("dates", "t.csv", table(plain, k=lambda i: f"2026-11-{i % 28 + 1:02d}"), []),
    ("dates as numbers", "t.csv", table(lambda i: f"202611{i % 28 + 1:02d}"), []),
    ("leading zeros", "t.csv", table(lambda i: f"{i % 5:05d}"), []),
    ("a constant column", "t.csv", table(lambda i: "7"), []),
    ("an empty column", "t.csv", table(lambda i: ""), ["--missing", "impute"]),
    ("missing values", "t.csv", table(lambda i: "" if i % 9 == 4 else plain(i)), []),
    ("`NA` and `-` for missing values", "t.csv", table(lambda i: ["NA", "-", plain(i)][min(i % 8, 2)]), []),
    ("one cell that is no number", "t.csv", table(lambda i: "12..5" if i == 17 else plain(i)), []),
    ("infinity", "t.csv", table(lambda i: "inf" if i == 3 else plain(i)), []),
    ("classes 0, 1 and 3", "t.csv", table(plain, y=lambda i: "013"[i % 3]), []),
    ("one class", "t.csv", table(plain, y=lambda i: "yes"), []),
    ("a target that is a measurement", "t.csv", table(plain, y=lambda i: f"{i / 3 + .01:.4f}"), []),
    ("a column that the graph does not have", "t.csv", table(plain, head="y,x,k,z", k=lambda i: "ab"[i % 2] + ",1"), []),
    ("a header that is missing", "t.csv", table(plain, head="no,0.5,a"), []),
    ("a column twice", "t.csv", table(plain, head="y,x,x"), []),
    ("a row that is too short", "t.csv", table(plain) + b"no,1.5\n", []),
    ("a byte order mark and Windows' ends of lines", "t.csv", b"\xef\xbb\xbf" + table(plain, end="\r\n"), []),
    ("Latin-1 in place of UTF-8", "t.csv", table(plain, k=lambda i: "\u00e9a"[i % 2]).decode().encode("latin-1"), []),
    ("no rows", "t.csv", b"y,x,k\n", []),
    ("an empty file", "t.csv", b"", []),
    ("gzip that is cut off", "t.csv.gz", gzip.compress(table(plain), mtime=0)[:-20], []),
    ("zeros in place of Parquet", "t.parquet", b"PAR1" + bytes(200) + b"PAR1", []),
    ("pictures of two sizes", "p", folder(("a/1.png", grey(0)), ("b/1.png", png(lambda x, y, c: x, width=5))), []),
    ("grey beside colour", "p", folder(("a/1.png", grey(0)), ("b/1.png", png(lambda x, y, c: 40 * c, mode=2))), []),
    ("transparency", "p", folder(("a/1.png", png(lambda x, y, c: 90, mode=6)), ("b/1.png", grey(0))), []),
    ("a picture that is cut off", "p", folder(*TWO, ("b/2.png", grey(3)[:60])), []),
    ("a text called PNG, and a TIFF", "p", folder(*TWO, ("b/2.png", b"hello"), ("b/3.tif", b"II*\0")), []),
    ("a class without a picture", "p", folder(*TWO, ("c/notes.txt", b"none yet")), []),
    ("labels 11 and 12", "i.npz", npz(x=images(), y=labels(11, 12, 11, 12, 11, 12)), []),
    ("arrays of other names", "i.npz", npz(x_train=images(), y_train=labels(0, 1, 0, 1, 0, 1)), []),
    ("a label too few", "i.npz", npz(x=images(), y=labels(0, 1, 0, 1, 0)), []),
    ("values far from [0, 1]", "i.npy", npy("<f4", (2, 4, 4), struct.pack("<32f", *[i * 50 for i in range(32)])), []),
    ("a header that promises more than there is", "i.npy", npy("|u1", (4000000000, 800, 800), bytes(64)), []),
    ("the same in IDX", "i-images-idx3-ubyte", idx(n=2**32 - 1), []),
    ("IDX of another kind", "i-images-idx3-ubyte", idx(magic=0xD03), []),
]


def written(place, name, content):
    if isinstance(content, dict):
        for path, data in content.items():
            path = os.path.join(place, name, path)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "wb") as file:
                file.write(data)
        return
    with open(os.path.join(place, name), "wb") as file:
        file.write(content)


def said(cama, place, name, flags):
    """The verdict, and what the program says: warnings and errors, or else the first line of what it understood."""
    graph = ["--graph", "g.dot", "--target", "y"] if name.startswith("t.") else []
    ran = subprocess.run([cama, "check", "--data", name, *graph, *flags], cwd=place, capture_output=True, text=True, timeout=60)
    told = [line for line in ran.stderr.splitlines() if line.strip()]
    told = [line.removeprefix("warning: ").removeprefix("error: ") for line in told]
    verdict = {0: "read" if not told else "read, with a notice", 2: "refused"}.get(ran.returncode, f"ended with {ran.returncode}")
    if not told:
        lines = ran.stdout.splitlines()
        told = [line for line in lines if line.startswith(("x ", "k ", "images", "size"))] or lines[:1]
    return verdict, " / ".join(" ".join(line.split()) for line in told)


def main():
    cama, work = sys.argv[1:]
    rows = []
    for i, (odd, name, content, flags) in enumerate(CASES):
        place = os.path.join(work, str(i))
        os.makedirs(place)
        with open(os.path.join(place, "g.dot"), "w") as file:
            file.write(GRAPH)
        written(place, name, content)
        verdict, text = said(cama, place, name, flags)
        text = text.replace("|", "\\|").replace(place + os.sep, "")
        rows.append(f"| {odd} | `{name}` | {verdict} | {text} |")
    print("# Awkward files, and what becomes of them\n")
    print(f"{len(rows)} files that people have, each with one thing that is odd, and what `cama check` says. Made by")
    print("[reading/run.sh](reading/run.sh), which makes the files, too; tables have a target `y` and its effects `x` and `k`.")
    print("That no damage at all brings a reader down is a test of its own, `crates/cama-data/tests/readers.rs`.\n")
    print("| what is odd | file | verdict | what is said |\n|---|---|---|---|")
    print("\n".join(rows))


main()
