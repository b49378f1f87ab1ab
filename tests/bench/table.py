"""The report, as text."""


def ratio(spread):
    return "-" if spread is None else "×%.2f (%.2f-%.2f)" % (spread["median"], spread["low"], spread["high"])


def seconds(spread):
    return "-" if spread is None else "%.3f s (%.3f-%.3f)" % (spread["median"], spread["low"], spread["high"])


def mebibytes(spread):
    return "-" if spread is None else "%.1f" % (spread["median"] / (1 << 20))


def number(value, pattern):
    return "-" if value is None else pattern % value


def print_columns(lines, widths):
    for line in lines:
        print("  ".join(cell.ljust(width) if index < 2 else cell.rjust(width)
                        for index, (cell, width) in enumerate(zip(line, widths))).rstrip())


def print_aligned(lines):
    """The first two columns to the left, the others to the right."""
    lines = [[str(cell) for cell in line] for line in lines]
    print_columns(lines, [max(len(cell) for cell in column) for column in zip(*lines)])
    print()


def name_of(row):
    return "(%s) %s" % (row["letter"], row["workload"])


def bare_line(row):
    return [name_of(row), "bare", seconds(row["wall_s"]), seconds(row["cpu_s"]), "", mebibytes(row["peak_bytes"])]


def print_rows(rows):
    lines = [["workload", "mode", "wall", "CPU", "cistern run's CPU", "added MiB", "events", "bytes/event"]]
    for row in rows:
        if row["mode"] == "bare":
            lines.append(bare_line(row) + ["", ""])
            continue
        lines.append(["", row["mode"], ratio(row["wall"]), ratio(row["cpu"]), ratio(row["drainer_cpu"]),
                      mebibytes(row["added_bytes"]), number(row["events"], "%d"),
                      number(row["bytes_per_event"], "%.2f")])
    print_aligned(lines)


def print_peers(rows):
    """Two figures of bytes: divided by the peer's own count of events (allocations only, for memray), and by Cistern's."""
    lines = [["workload", "beside", "wall", "CPU", "", "added MiB", "its events", "bytes/its", "bytes/ours"]]
    for row in rows:
        if row["mode"] == "bare":
            lines.append(bare_line(row) + ["", "", ""])
            continue
        lines.append(["", row["mode"], "cut off at ×10" if row["cut_off"] else ratio(row["wall"]), ratio(row["cpu"]), "",
                      mebibytes(row["added_bytes"]), number(row["events"], "%d"),
                      number(row["bytes_per_event"], "%.2f"), number(row["bytes_per_event_of_ours"], "%.2f")])
    print_aligned(lines)


def print_instructions(rows):
    modes = sorted({mode for row in rows for mode in row["added_per_event"]})
    lines = [["instructions", "events", "bare, all"] + [mode + ", an event" for mode in modes]]
    for row in rows:
        lines.append([row["path"], row["events"], number(row["bare"], "%.0f")]
                     + [number(row["added_per_event"].get(mode), "%+.1f") for mode in modes])
    print_aligned(lines)


def print_analysis(rows):
    lines = [["reading", "of", "events", "events/s", "CPU s", "wall s", "peak MiB", "times memray"]]
    for row in rows:
        lines.append([row["name"], row["of"], number(row["events"], "%d"), number(row["events_per_second"], "%.3g"),
                      "%.2f" % row["cpu_s"], "%.2f" % row["wall_s"], "%.1f" % (row["peak_bytes"] / (1 << 20)),
                      number(row["times_memray"], "%.1f")])
    print_aligned(lines)


def print_bounds(bounds):
    lines = [["bounds", "of", "measured", "bound", "reach for", ""]]
    for one in bounds:
        verdict = {None: "not measured", False: "NOT MET", True: "met"}[one["met"]]
        lines.append([one["name"], one["of"], number(one["measured"], "%.2f"),
                      "%s %g" % ("≥" if one["at_least"] else "≤", one["bound"]),
                      "%s %s" % (number(one["reach_for"], "%g"), one["unit"]), "reached" if one["reached"] else verdict])
    print_aligned(lines)


PARTS = [("rows", print_rows), ("peers", print_peers), ("instructions", print_instructions),
         ("analysis", print_analysis), ("bounds", print_bounds)]


def print_report(report):
    print("%s, %s, medians (and range) of %d rounds, ratios to bare; memory of bare in its own row\n"
          % (report["build"], report["python"], report["rounds"]))
    for title, part in PARTS:
        if report[title]:
            part(report[title])
    for one in report["missing"]:
        print("missing: %s %s: %s" % (one["kind"], one["name"], one["why"]))
    for fault in report["faults"]:
        print("FAILED: " + fault)
