"""Awkward files, and what the program says of each, as a page in Markdown.

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


def tiff(*pages, bits=8, sample_format=1):
    """Grey pages of 8x8 (height x width), little-endian, not compressed."""
    out = bytearray(struct.pack("<2sHI", b"II", 42, 8))
    for i, page in enumerate(pages):
        tags = [(256, 4, 8), (257, 4, 8), (258, 3, bits), (259, 3, 1), (262, 3, 1), (273, 4, 0), (277, 3, 1), (278, 4, 8),
                (279, 4, len(page)), (339, 3, sample_format)]
        data = len(out) + 2 + 12 * len(tags) + 4
        out += struct.pack("<H", len(tags))
        for tag, kind, value in tags:
            out += struct.pack("<HHII", tag, kind, 1, data if tag == 273 else value)
        out += struct.pack("<I", data + len(page) if i + 1 < len(pages) else 0) + page
    return bytes(out)


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
    ("two columns that cannot be used", "t.csv", table(lambda i: "7", k=lambda i: ""), ["--missing", "impute"]),
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
    ("a line `sep=;` of Excel above the header", "t.csv", b"sep=;\r\n" + table(plain, sep=";", end="\r\n"), []),
    ("UTF-16, as Excel's `Unicode text`", "t.csv", b"\xff\xfe" + table(plain, sep="\t").decode().encode("utf-16-le"), []),
    ("lines of comments above the header", "t.csv", b"# ward 3\n# x in mmol/l\n" + table(plain), []),
    ("columns without names, as a spreadsheet leaves them", "t.csv", table(plain, head="y,x,k,,", k=lambda i: "abc"[i % 3] + ",,"), []),
    ("names of rows as R writes them, not in the header", "t.csv", table(plain, y=lambda i: f'"{i + 1}",{["no", "yes"][i % 2]}'), []),
    ("bars between fields", "t.csv", table(plain, sep="|"), []),
    ("spaces between fields", "t.csv", table(plain, sep=" "), []),
    ("-999 for what was not measured", "t.csv", table(lambda i: "-999" if i % 9 == 4 else plain(i)), []),
    ("the same, said", "t.csv", table(lambda i: "-999" if i % 9 == 4 else plain(i)), ["--missing-values=-999"]),
    ("a unit in every cell", "t.csv", table(lambda i: plain(i) + " mg"), []),
    ("bounds of detection", "t.csv", table(lambda i: "<0.1" if i % 9 == 4 else plain(i)), []),
    ("classes in several spellings", "t.csv", table(plain, y=lambda i: ["no", "yes", "No"][i % 3]), []),
    ("a line of totals", "t.csv", table(plain) + b"Total,111.4,\n", []),
    ("truth values of R", "t.csv", table(plain, y=lambda i: ["FALSE", "TRUE"][i % 2]), []),
    ("a header in capitals", "t.csv", table(plain, head="Y,X,K"), []),
    ("JSON", "t.csv", b'[{"y": "no", "x": 1}]', []),
    ("an Excel workbook", "t.csv", b"PK\x03\x04" + bytes(400), []),
    ("pictures of two sizes", "p", folder(("a/1.png", grey(0)), ("b/1.png", png(lambda x, y, c: x, width=5))), []),
    ("grey beside colour", "p", folder(("a/1.png", grey(0)), ("b/1.png", png(lambda x, y, c: 40 * c, mode=2))), []),
    ("transparency", "p", folder(("a/1.png", png(lambda x, y, c: 90, mode=6)), ("b/1.png", grey(0))), []),
    ("a picture that is cut off", "p", folder(*TWO, ("b/2.png", grey(3)[:60])), []),
    ("a text called PNG", "p", folder(*TWO, ("b/2.png", b"hello")), []),
    ("a class without a picture", "p", folder(*TWO, ("c/notes.txt", b"none yet")), []),
    ("TIFF of 16 bits", "p", folder(*[(f"{c}/{i}.tif", tiff(struct.pack("<64H", *range(0, 64000, 1000)), bits=16)) for c in "ab" for i in "12"]), []),
    ("TIFF of 16 bits from a camera of 12", "p", folder(*[(f"{c}/{i}.tif", tiff(struct.pack("<64H", *range(0, 4096, 64)), bits=16)) for c in "ab" for i in "12"]), []),
    ("the same, said", "p", folder(*[(f"{c}/{i}.tif", tiff(struct.pack("<64H", *range(0, 4096, 64)), bits=16)) for c in "ab" for i in "12"]), ["--white", "4095"]),
    ("TIFF of several pages", "p", folder(("a/1.tiff", tiff(bytes(64), bytes(64))), ("b/1.tiff", tiff(bytes(range(64))))), []),
    ("TIFF of floats", "p", folder(*TWO, ("b/2.tif", tiff(struct.pack("<64f", *range(64)), bits=32, sample_format=3))), []),
    ("DICOM", "p", folder(*TWO, ("b/IM2", bytes(128) + b"DICM")), []),
    ("folders for training and test", "p", folder(*[(f"{part}/{file}", data) for part in ("test", "train") for file, data in TWO]), []),
    ("labels in a table beside the pictures", "p", folder(("1.png", grey(0)), ("2.png", grey(9)), ("labels.csv", b"file,label\n1.png,a\n")), []),
    ("the first axis fastest (Fortran)", "i.npz", npz(x=npy("|u1", (6, 8, 8), bytes(i % 251 for i in range(384)), fortran=True), y=labels(0, 1, 0, 1, 0, 1)), []),
    ("labels as Python objects", "i.npz", npz(x=images(), y=npy("|O", (6,), b"\x80\x04")), []),
    ("labels 11 and 12", "i.npz", npz(x=images(), y=labels(11, 12, 11, 12, 11, 12)), []),
    ("arrays of other names", "i.npz", npz(x_train=images(), y_train=labels(0, 1, 0, 1, 0, 1)), []),
    ("a label too few", "i.npz", npz(x=images(), y=labels(0, 1, 0, 1, 0)), []),
    ("values far from [0, 1]", "i.npy", npy("<f4", (2, 4, 4), struct.pack("<32f", *[i * 50 for i in range(32)])), []),
    ("a header that promises more than there is", "i.npy", npy("|u1", (4000000000, 800, 800), bytes(64)), []),
    ("the same in IDX", "i-images-idx3-ubyte", idx(n=2**32 - 1), []),
    ("a graph whose nodes are numbers with labels", "g.dot", b'digraph { 1 [label="y"]; 2 [label="x"]; 3 [label="k"]; 1 -> 2; 1 -> 3 }', []),
    ("a graph of which two edges are not directed", "g.dot", b"digraph { y -> x; y -> k [dir=none]; x -> k [dir=none] }", []),
    ("a graph of dagitty of which an edge is not directed", "g.txt", b"pdag { y -> x y -- k }", []),
    ("an edge of dagitty with two heads", "g.txt", b'dag { y [exposure,pos="0,1"] x [outcome] y -> x x <-> k }', []),
    ("a graph in a circle", "g.dot", b"digraph { y -> x; x -> k; k -> y }", []),
    ("a table in the place of a graph", "g.csv", b"y,x,k\nno,1,a\n", []),
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
    if name.startswith("g."):
        asked = ["graph", name, "--target", "y", *flags]
    else:
        asked = ["check", "--data", name, *(["--graph", "g.dot", "--target", "y"] if name.startswith("t.") else []), *flags]
    ran = subprocess.run([cama, *asked], cwd=place, capture_output=True, text=True, timeout=60)
    told = [line for line in ran.stderr.splitlines() if line.strip()]
    told = [line.removeprefix("warning: ").removeprefix("error: ") for line in told]
    verdict = {0: "read" if not told else "read, with a notice", 2: "refused"}.get(ran.returncode, f"ended with {ran.returncode}")
    if not told:
        lines = ran.stdout.splitlines()
        told = [line for line in lines if line.startswith(("x ", "k ", "images", "size", "X "))] or lines[:1]
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
    print(f"{len(rows)} files that people have, each with one thing that is odd, and what `cama check`, or `cama graph`, says. Made by")
    print("[reading/run.sh](reading/run.sh), which makes the files, too; tables have a target `y` and its effects `x` and `k`.")
    print("That no damage brings a reader down, and no kill a result, is measured in [damage.md](damage.md).\n")
    print("| what is odd | file | verdict | what is said |\n|---|---|---|---|")
    print("\n".join(rows))


main()
