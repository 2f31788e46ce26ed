"""A second reading of the specification: what a desk learns from a trade that ended."""

from __future__ import annotations

from oracle.second_learning import book as live_book
from oracle.second_learning import close_live, close_shadow, metrics, scores, standing
from oracle.second_reading import Row


def learn(trade: Row, held: Row, desk: Row) -> None:
    """What the closed trade does to the books, and what it was worth."""
    books, key = desk["books"], "|".join(held["key"][k] for k in ("template", "regime", "tod"))
    # The simulated broker rejects nothing, fills nothing in part and loses no protection.
    quiet = {"rejects": 0, "partial": False, "incident": False}
    scored = scores(trade | quiet, held | {"stop": held["stop0"]}, desk["facts"])
    close_live(books, {
        "id": held["id"], "key": key, "net": trade["net"], "r_gross": trade["r_gross"],
        "b": trade["b"], "lw": scored["lw"], "decided": held["decided"],
        "closed": trade["exit_time"],
    })  # fmt: skip
    desk["ended"].append((held["id"], trade, held, scored, killed_by(trade, desk)))
    known = standing(books, key)
    desk["out"]["scores"][held["id"]] = scored
    desk["out"]["learned"][held["id"]] = {
        "key": held["key"], "status": known["status"], "multiplier": known["multiplier"],
        "metrics": {
            "key": metrics(live_book(books, key, shadow=False)),
            "template": metrics(live_book(books, held["template"], shadow=False)),
        },
    }  # fmt: skip


def killed_by(trade: Row, desk: Row) -> str | None:
    return desk["law"]["kill"] if trade["exit_reason"] == "KILL" else None


def shadow_ended(trade: Row, desk: Row) -> None:
    """A shadow's record goes to the books of shadows and nowhere else."""
    held = trade.pop("held")
    quiet = {"rejects": 0, "partial": False, "incident": False}
    scored = scores(trade | quiet, held | {"stop": held["stop0"]}, desk["facts"])
    name, key = (held["id"], held["template"]), held["key"]
    close_shadow(desk["books"], {
        "id": name, "key": "|".join(key[k] for k in ("template", "regime", "tod")),
        "net": trade["net"], "r_gross": trade["r_gross"], "b": trade["b"], "lw": scored["lw"],
        "decided": held["decided"], "closed": trade["exit_time"],
    })  # fmt: skip
    desk["out"]["shadows"].append(trade)
    desk["out"]["scores"][name] = scored
    desk["ended"].append((name, trade, held, scored, killed_by(trade, desk)))
