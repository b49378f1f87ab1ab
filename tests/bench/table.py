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


def print_rows(rows):
    lines = [["workload", "mode", "wall", "CPU", "cistern run's CPU", "added MiB", "events", "bytes/event"]]
    for row in rows:
        name = "(%s) %s" % (row["letter"], row["workload"])
        if row["mode"] == "bare":
            lines.append([name, "bare", seconds(row["wall_s"]), seconds(row["cpu_s"]), "",
                          mebibytes(row["peak_bytes"]), "", ""])
            continue
        lines.append(["", row["mode"], ratio(row["wall"]), ratio(row["cpu"]), ratio(row["drainer_cpu"]),
                      mebibytes(row["added_bytes"]), number(row["events"], "%d"),
                      number(row["bytes_per_event"], "%.2f")])
    print_aligned(lines)


def print_bounds(bounds):
    lines = [["bounds", "of", "measured", "bound", "reach for", ""]]
    for one in bounds:
        verdict = {None: "not measured", False: "NOT MET", True: "met"}[one["met"]]
        lines.append([one["name"], one["of"], number(one["measured"], "%.2f"), "%.2f" % one["bound"],
                      "%.2f %s" % (one["reach_for"], one["unit"]), "reached" if one["reached"] else verdict])
    print_aligned(lines)


def print_report(report):
    print("%s, %s, medians (and range) of %d rounds, ratios to bare; memory of bare in its own row\n"
          % (report["build"], report["python"], report["rounds"]))
    for title, part in (("rows", print_rows), ("bounds", print_bounds)):
        if report[title]:
            part(report[title])
    for one in report["missing"]:
        print("missing: %s %s: %s" % (one["kind"], one["name"], one["why"]))
    for row in report["rows"]:
        for fault in row["faults"]:
            print("FAILED: %s %s: %s" % (row["workload"], row["mode"], fault))
