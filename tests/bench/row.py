"""What was measured, a row for each workload and mode: ratios to the bare runs of the same rounds, as median and range."""
import statistics


def spread(values):
    """Median and range of some figures; None of none."""
    values = list(values)
    if not values:
        return None
    return {"median": statistics.median(values), "low": min(values), "high": max(values)}


def bare_of(runs):
    return {one["round"]: one for one in runs if one["mode"] == "bare" and "wall_s" in one}


def row_of(workload, mode, runs):
    """`runs`: the records of this workload, of all modes."""
    own = [one for one in runs if one["mode"] == mode]
    bare = bare_of(runs)
    pairs = [(one, bare[one["round"]]) for one in own if one["round"] in bare and "wall_s" in one]
    row = {"workload": workload.name, "letter": workload.letter, "mode": mode, "rounds": len(pairs),
           "faults": sorted({one["fault"] for one in own if one["fault"]})}
    if mode == "bare":
        row.update({name: spread(one[name] for one in bare.values()) for name in ("wall_s", "cpu_s", "peak_bytes")})
        return row
    row["wall"] = spread(one["wall_s"] / base["wall_s"] for one, base in pairs)
    row["cpu"] = spread(one["cpu_s"] / base["cpu_s"] for one, base in pairs)
    row["cpu_s"] = spread(one["cpu_s"] for one, _ in pairs)
    row["drainer_cpu"] = spread(one["drainer_cpu_s"] / base["cpu_s"] for one, base in pairs)
    row["cut_off"] = any(one.get("cut_off") for one in own)
    row["added_bytes"] = spread(one["peak_bytes"] - base["peak_bytes"] for one, base in pairs)
    counted = next((one for one in own if one.get("events") is not None), {})
    row["bytes"] = counted.get("bytes", next((one["bytes"] for one in own if "bytes" in one), None))
    row["events"] = counted.get("events")
    row["bytes_per_event"] = row["bytes"] / row["events"] if row["events"] else None
    return row


def rows_of(records, kind, workloads, modes):
    """The rows that have records, in the order of the tables."""
    for workload in workloads:
        runs = [one for one in records if one["kind"] == kind and one["workload"] == workload.name]
        for mode in ["bare"] + modes:
            if any(one["mode"] == mode for one in runs):
                yield row_of(workload, mode, runs)
