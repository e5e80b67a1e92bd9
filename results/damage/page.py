"""What the tests say of damaged files and of killed commands, as a page in Markdown.

    python3 page.py DAMAGES.txt KILLS.txt > damage.md
"""

import re
import sys

KINDS = [
    (r"\.dot$|^g\.txt$", "causal graphs, DOT and dagitty"),
    (r"gml", "causal graphs, GML"),
    (r"idx|data_batch", "images, IDX and CIFAR's records"),
    (r"\.np[yz]$", "images, NPY and NPZ"),
    (r"\.(png|jpg|webp|bmp|tif)$", "images, files of pictures"),
    (r"\.csv", "tables, CSV"),
    (r"\.parquet$", "tables, Parquet"),
    (r"\.onnx$", "classifiers, ONNX"),
    (r"json|safetensors|clean|bytes", "model folders, and models as bytes"),
]


def kind(name):
    return next(i for i, (pattern, _) in enumerate(KINDS) if re.search(pattern, name))


def main():
    damages, kills = (open(path, encoding="utf-8").read() for path in sys.argv[1:])
    # The machine and the date are those of the recorded run; another run says its own.
    print("# Damaged files and killed commands\n")
    print("Made by [damage/run.sh](damage/run.sh), which runs the tests `readers` of the crates `cama-causal`, `cama-data`,")
    print("`cama-onnx` and `cama`, and `kill` of `cama-cli`, with more damages of each file than their 150, and more kills of each")
    print("command than their six: as many as stand in the tables. Seeds 1 and 2; a virtual machine with 2 cores of an AMD EPYC")
    print("processor (AVX-512) and 24 GiB, CPU only, 1 December 2026, in a fresh clone, while other work ran, which the seconds hold.\n")
    print("## Damage\n")
    print("Of a file that is read, one to three things are damaged at once: a byte is set, the end is cut off, two, four or eight")
    print("bytes become the largest number, digits are put into a number, a part is repeated or removed. One file in ten is noise,")
    print("and every other file stands under its name once. The process may reserve 3 GB of memory and, over all files, 20 ms each.")
    print("Of model folders the checksum is made to fit, so that what it protects is looked at; their files are damaged a million times")
    print("together, as a model is built of most weights that are damaged. A panic, an abort for want of memory or a reader that hangs")
    print("would have ended the test; none did. A million found two that 20,000 had not, which are mended: a header of NPY that promised")
    print("four gigabytes, and a number in an ONNX file that did not end, on which its decoder hung.\n")
    print("| reader | file | damages tried | of these still read | seconds |\n|---|---|---|---|---|")
    found = re.findall(r"^(\S+): (\d+) tried, (\d+) of them read, in (\d+) s$", damages, re.M)
    for name, tried, read, seconds in sorted(found, key=lambda row: (kind(row[0]), row[0])):
        print(f"| {KINDS[kind(name)][1]} | `{name}` | {int(tried):,} | {int(read):,} | {int(seconds):,} |")
    print("\n## Kills\n")
    print("Each command is killed by SIGKILL after a random part of the time that it takes. Training is resumed by the same command,")
    print("and must end with the same weights, to the byte, as training that was not killed. The others replace results that are")
    print("there already: what is there after each kill must be one of two results, whole, and the next run must clear what is left.")
    print("All of it was so.\n")
    print("| command | killed | had ended before |\n|---|---|---|")
    for command, killed, ended in re.findall(r"^(.+): killed (\d+) times; (\d+) times it had ended before$", kills, re.M):
        print(f"| `cama {command}` | {killed} | {ended} |")


main()
