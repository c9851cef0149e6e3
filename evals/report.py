"""The measured table, as Markdown, from the content of results.json."""

from typing import Any

_CODED = (("wire_dev", "newswire leads, 2004"), ("docs_dev", "whole documents"), ("samples", "samples"))


def table(results: dict[str, Any]) -> str:
    """Markdown: accuracy of coded events with intervals, then everything else, a line each."""
    lines: list[str] = []
    if accuracy := results.get("accuracy"):
        lines += [
            f"Accuracy of weights {results['weights']}, development sets (95% bootstrap intervals over documents):",
            "",
        ]
        lines += [
            "| set | documents, events | deed F1 | deed + status | who + whom (tuple) | full |",
            "|---|---|---|---|---|---|",
        ]
        for name, what in _CODED:
            if name in accuracy:
                lines.append(_coded_row(what, accuracy[name]))
        lines += [
            "",
            "| on matched deeds | status | modes | time | place (country) | claimant | sectors |",
            "|---|---|---|---|---|---|---|",
        ]
        for name, what in _CODED:
            if name in accuracy:
                cells = (
                    f"{accuracy[name][f]['accuracy']:.2f} (n={accuracy[name][f]['n']})"
                    for f in ("status", "mode", "when", "where", "claimant", "sector")
                )
                lines.append(f"| {what} | {' | '.join(cells)} |")
        lines += ["", "| other sets | figure |", "|---|---|", *_others(accuracy)]
    if merging := results.get("merging"):
        lines += _merging(**merging)
    if trust := results.get("trust"):
        lines += ["", *_trust(trust)]
    if speed := results.get("speed"):
        lines += ["", _speed(speed)]
    return "\n".join(lines)


def _merging(stories: dict[str, Any], samples: dict[str, Any]) -> list[str]:
    main = " / ".join(f"{stories[score]:.3f}" for score in ("precision", "recall", "f1"))
    return [
        f"| same-story reports ({stories['main']} mentions of two main deeds): B-cubed precision / recall / F1 "
        f"| {main} |",
        f"| same-story reports: events that join reports of two stories | {stories['joined']} |",
        f"| samples: plans found on the agenda / with the right fate | {samples['found']} / {samples['right']} "
        f"of {samples['plans']} |",
        f"| samples: contradictions shown | {samples['shown']} of {samples['disagreements']} |",
    ]


def _trust(trust: dict[str, Any]) -> list[str]:
    kept = [point for point in trust["curve"] if point["mentions"]]
    return [
        f"Expected calibration error of the confidence (leads and documents, {trust['mentions']} mentions): "
        f"{trust['ece']:.3f}. Who did what to whom, by the confidence asked for:",
        "",
        "| confidence at least | " + " | ".join(f"{point['confidence']:.1f}" for point in kept) + " |",
        "|---|" + "---|" * len(kept),
        "| precision | " + " | ".join(f"{point['precision']:.2f}" for point in kept) + " |",
        "| recall | " + " | ".join(f"{point['recall']:.2f}" for point in kept) + " |",
    ]


def _speed(speed: dict[str, Any]) -> str:
    return (
        f"Speed on {speed['machine']}: **{speed['sentences_per_second']:.0f} sentences a second** end to end "
        f"(`legation run` over {speed['reports']} reports), first result after {speed['first_result_seconds']:.1f} s, "
        f"peak memory of a process {speed['peak_memory_mb']:.0f} MB."
    )


def _coded_row(what: str, figures: dict[str, Any]) -> str:
    cells = []
    for level in ("deed", "+status", "tuple", "full"):
        low, high = figures[level]["interval"]
        cells.append(f"**{figures[level]['f1']:.3f}** [{low:.2f}, {high:.2f}]")
    return f"| {what} | {figures['documents']}, {figures['gold']} | {' | '.join(cells)} |"


def _others(accuracy: dict[str, Any]) -> list[str]:
    lines = []
    if figures := accuracy.get("plover_gsr_dev"):
        lines.append(
            f"| PLOVER gold records ({figures['documents']}): set of published types, F1 | {figures['type_f1']:.3f} |"
        )
    if figures := accuracy.get("plv"):
        lines.append(
            f"| PLV ({figures['pairs']} pairs kept out of training, actors not told): pairs found / root macro F1 "
            f"| {figures['found']:.3f} / {figures['macro_f1']:.3f} |"
        )
    if quiet := accuracy.get("wire_dev", {}).get("quiet"):
        false = 100 * quiet["mentions"] / quiet["n"]
        lines.append(f"| leads without an event ({quiet['n']}): false mentions in 100 | {false:.1f} |")
    for name, what in (("ner_ewt_test", "Universal NER, EWT test"), ("ner_pud_test", "Universal NER, PUD test")):
        if figures := accuracy.get(name):
            lines.append(f"| {what} ({figures['sentences']} sentences): names, exact F1 | {figures['f1']:.3f} |")
    for name, what in (("timebank", "TimeBank"), ("aquaint", "AQUAINT")):
        if figures := accuracy.get(name):
            lines.append(f"| {what} ({figures['expressions']} dates): value right | {figures['value']:.3f} |")
    for name, what in (("tr_news", "TR-News"), ("lgl", "LGL")):
        if figures := accuracy.get(name):
            scores = " / ".join(f"{figures[score]:.3f}" for score in ("country", "within_161_km", "exact"))
            lines.append(
                f"| {what} ({figures['toponyms']} given toponyms): country / within 161 km / exact place | {scores} |"
            )
    for name, what in (("ud_ewt_dev", "UD EWT dev"), ("ud_gum_dev", "UD GUM dev")):
        if figures := accuracy.get(name):
            scores = " / ".join(f"{figures[score]:.3f}" for score in ("pos", "uas", "las"))
            lines.append(f"| {what} ({figures['words']} words): part of speech / UAS / LAS | {scores} |")
    return lines
