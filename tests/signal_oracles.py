"""The thirty-five signals once more: from whole arrays, with outside libraries.

Written from the text of the specification, with its numbers, not the contracts' and
nothing of the engine's. Everything is recomputed from the tape as it lies there.
"""

from __future__ import annotations

import math
import statistics

import numpy as np
import pandas as pd

from domain.frame import BarInput

Columns = dict[str, np.ndarray]
Row = dict[str, float]

NAN = math.nan
TICK_VALUE, FEE, MAX_RISK = 1.25, 0.62, 15.0


def clamp(x: float, low: float, high: float) -> float:
    return float(np.clip(x, low, high))


def sigma(x: float) -> float:
    return float(1.0 / (1.0 + np.exp(-x)))


def table(bars: list[BarInput]) -> pd.DataFrame:
    """One row a bar, with the session's number, the bar's place in it and the shared columns."""
    t = pd.DataFrame(bars, columns=list(BarInput._fields))
    t["session"] = t.session_start.cumsum()
    t["i"] = t.groupby("session").cumcount() + 1
    last = t.groupby("session").close.shift(1)
    ranges = [t.high - t.low, (t.high - last).abs(), (t.low - last).abs()]
    t["tr"] = pd.concat(ranges, axis=1).max(axis=1)
    t["dc"] = t.close - last
    t["tp"] = (t.high + t.low + t.close) / 3.0
    for n in (5, 14, 30):
        t[f"atr{n}"] = NAN
    _wilder(t)
    for n in (14, 30):
        t[f"a{n}"] = t[f"atr{n}"].clip(lower=1.0)
        t[f"p{n}"] = t[f"atr{n}"].shift(1).clip(lower=1.0)
    _volume(t)
    _vwap(t)
    _seasonal(t)
    return t


def _wilder(t: pd.DataFrame) -> None:
    """Wilder by recursion; ATR30 of the bar before caps what goes into all three."""
    tr = t.tr.astype(float).to_numpy()
    atr30 = NAN
    fed: list[float] = []
    out: dict[int, list[float]] = {5: [], 14: [], 30: []}
    for x in tr:
        fed.append(x if math.isnan(atr30) else min(x, 6.0 * max(atr30, 1.0)))
        for n, series in out.items():
            if len(fed) < n:
                series.append(NAN)
            elif len(fed) == n:
                series.append(float(np.mean(fed)))
            else:
                series.append((series[-1] * (n - 1) + fed[-1]) / n)
        atr30 = out[30][-1]
    for n, series in out.items():
        t[f"atr{n}"] = series


def _volume(t: pd.DataFrame) -> None:
    before = t.volume.shift(1).rolling(60)
    mu = before.mean()
    sd = before.apply(lambda w: np.std(w), raw=True)
    sd_star = pd.concat([sd, 0.1 * mu], axis=1).max(axis=1, skipna=False).clip(lower=1.0)
    t["z"] = ((t.volume - mu) / sd_star).clip(-3.0, 3.0)
    traded = t[t.volume > 0]
    e = ((traded.close - traded.open).abs() + 0.5) / (traded.volume + 1)
    median = e.rolling(100, min_periods=30).median().shift(1)
    r = e / median
    t["s15"] = (r / (1 + r)).reindex(t.index)
    ready = (t.volume > 0).cumsum().shift(1, fill_value=0) >= 30
    t.loc[ready & (t.volume == 0), "s15"] = 0.5


def _vwap(t: pd.DataFrame) -> None:
    by = t.session
    volume = t.groupby(by).volume.cumsum()
    value = (t.tp * t.volume).groupby(by).cumsum()
    t["vwap"] = (value / volume).where(volume > 0)
    t["sdv"] = np.concatenate([_weighted_sd(g) for _, g in t.groupby(by)])
    t["dev"] = t.close - t.vwap
    t["zv"] = (t.dev / t[["sdv", "a14"]].max(axis=1, skipna=False)).clip(-3.0, 3.0)


def _weighted_sd(g: pd.DataFrame) -> list[float]:
    tp, volume, vwap = (g[name].to_numpy() for name in ("tp", "volume", "vwap"))
    out = []
    for k in range(len(g)):
        v = volume[: k + 1]
        traded = v.sum() > 0
        out.append(
            math.sqrt(np.average((tp[: k + 1] - vwap[k]) ** 2, weights=v)) if traded else NAN
        )
    return out


def _seasonal(t: pd.DataFrame) -> None:
    t["slot"] = t.minute // 30
    lr = t.atr14.dropna().ewm(alpha=2 / 391, adjust=False).mean()
    t["ratio"] = t.atr14 / lr.reindex(t.index).clip(lower=1.0)
    t["seasonal"] = False
    history: dict[int, list[float]] = {}
    for _, g in t.groupby("session"):
        for slot, bars in g.groupby("slot"):
            past = history.get(int(slot), [])
            if len(past) >= 3:
                known = bars.index[bars.atr14.notna()]
                t.loc[known, "ratio"] = t.atr14[known] / max(statistics.median(past), 1.0)
                t.loc[known, "seasonal"] = True
        if len(g) >= 60:
            for slot, mean in g.groupby("slot").atr14.mean().dropna().items():
                history[int(slot)] = [*history.get(int(slot), []), mean][-20:]


def sessions(t: pd.DataFrame) -> list[tuple[Columns, Columns | None]]:
    """Each session's columns, with those of the last earlier one of at least 60 bars."""
    found: list[tuple[Columns, Columns | None]] = []
    last: Columns | None = None
    for _, g in t.groupby("session"):
        columns = {str(name): g[name].to_numpy() for name in g.columns}
        found.append((columns, last))
        last = columns if len(g) >= 60 else last
    return found


def signals(bars: list[BarInput]) -> tuple[pd.DataFrame, np.ndarray]:
    """The table, and S1 to S35 as an array (bars, 35), NaN where not ready."""
    t = table(bars)
    t["spread"] = t.spread.astype(float)
    volumes = t.volume.to_numpy(float)
    heavy = 0
    rows: list[list[float]] = []
    for g, prior in sessions(t):
        run = 0.0
        for k in range(len(g["i"])):
            r = {name: float(column[k]) for name, column in g.items()}
            heavy = heavy + 1 if r["z"] > 1 else 0
            direction = 0.0 if k == 0 else float(np.sign(r["dc"]))
            run = run + direction if run * direction > 0 else direction
            s: dict[int, float] = {}
            _trend(s, r, g, k)
            _bar_shape(s, r, g, k)
            _memory(s, r, g, prior)
            _participation(s, r, volumes[: len(rows) + 1], heavy)
            _context(s, r, g, k)
            _cost(s, r, g, k)
            _crowd(s, r, run)
            _extremes(s, r, g, k, prior)
            rows.append([s[n] for n in range(1, 36)])
    return t, np.array(rows, dtype=float)


def _trend(s: dict[int, float], r: Row, g: Columns, k: int) -> None:
    i = k + 1
    s[1] = r["zv"] / 3 if i >= 5 else NAN
    y = g["vwap"][:i][~np.isnan(g["vwap"][:i])][-30:]
    s[2] = NAN
    if len(y) >= 10:
        b = np.polyfit(np.arange(len(y)) - (len(y) - 1) / 2, y - y[0], 1)[0]
        s[2] = clamp(b * math.sqrt(len(y)) / r["a30"], -1, 1)
    s[3] = clamp(r["ratio"], 0, 3) / 3
    s[4] = clamp(r["atr5"] / r["a30"] - 0.5, 0, 1)
    high, low = np.diff(g["high"][max(0, k - 30) : i]), np.diff(g["low"][max(0, k - 30) : i])
    up, down = int(((high > 0) & (low > 0)).sum()), int(((high < 0) & (low < 0)).sum())
    s[5] = (up - down) / max(up + down, 10) if i >= 11 else NAN
    s[6] = NAN
    if i >= 16:
        past = slice(max(0, k - 60), k)
        s[6] = _beyond(r, g["high"][past].max(), g["low"][past].min())
    s[11] = NAN
    if i >= 6:
        s[11] = clamp((r["close"] - g["close"][k - 5]) / (r["a14"] * math.sqrt(5)), -1, 1)


def _bar_shape(s: dict[int, float], r: Row, g: Columns, k: int) -> None:
    o, h, low, c = r["open"], r["high"], r["low"], r["close"]
    s[7] = ((min(o, c) - low) - (h - max(o, c))) / max(r["tr"], 1)
    s[8] = ((c - low) - (h - c)) / (h - low) if h > low else 0.0
    s[12] = clamp((c - o) / r["a14"], -2, 2) / 2


def _memory(s: dict[int, float], r: Row, g: Columns, prior: Columns | None) -> None:
    s[9] = s[10] = NAN
    if prior is None:
        return
    last, size = prior["close"][-1], max(prior["high"].max() - prior["low"].min(), 1)
    gap = g["open"][0] - last
    s[9] = clamp(gap / size, -1, 1) * (clamp((r["close"] - last) / gap, 0, 1) if gap else 0.0)
    sd = np.maximum(prior["sdv"][-1], r["a14"])
    s[10] = clamp((r["close"] - prior["vwap"][-1]) / sd, -3, 3) / 3


def _beyond(r: Row, top: float, bottom: float) -> float:
    d = max(r["close"] - top, 0) + min(r["close"] - bottom, 0)
    return clamp(d / r["a14"], -2, 2) / 2


def _participation(s: dict[int, float], r: Row, volumes: np.ndarray, heavy: int) -> None:
    tr, z, p14 = r["tr"], r["z"], r["p14"]
    s[13] = z / 3
    s[14] = NAN
    if len(volumes) >= 20:
        v = volumes[-20:]
        slope = np.polyfit(np.arange(20) - 9.5, v, 1)[0]
        s[14] = clamp(10 * slope / v.mean(), -1, 1) if v.mean() > 0 else 0.0
    s[15] = r["s15"]
    s[16] = clamp(tr / r["p30"] * np.maximum(z, 0), 0, 4) / 4
    known = not math.isnan(z + p14)
    s[17] = float(tr > 2 * p14 and z > 2) if known else NAN
    s[18] = float(tr < 0.5 * p14 and z < -1) if known else NAN
    s[19] = NAN if math.isnan(z) else min(heavy, 5) / 5
    s[20] = sigma(z + (tr / p14 - 1) - 2 * (s[15] - 0.5))


def _opening(g: Columns, k: int) -> tuple[float, float] | None:
    """High and low of the opening range, where S22 may speak of it."""
    early = g["minute"] < 15
    if g["minute"][k] < 15 or early.sum() < 10 or math.isnan(g["a14"][k]):
        return None
    return g["high"][early].max(), g["low"][early].min()


def _context(s: dict[int, float], r: Row, g: Columns, k: int) -> None:
    z, phase = r["z"], r["phase"]
    s[21] = phase
    opening = _opening(g, k)
    s[22] = NAN if opening is None else _beyond(r, *opening)
    s[23] = float(phase == 3 and s[3] < 0.5 and z < 0) + 0 * (s[3] + z)
    s[24] = (sigma(z - abs(r["zv"])) if phase == 5 else 0.0) + 0 * (s[1] + z)


def _cost(s: dict[int, float], r: Row, g: Columns, k: int) -> None:
    quoted = not math.isnan(r["spread"])
    s25 = r["spread"] if quoted else _roll(g, k)
    s[25] = NAN if math.isnan(s25) else clamp((max(s25, 1) - 1) / 3, 0, 1)
    spread = r["spread"] if quoted else 1.0
    model = 0.5 + 0.5 * (s[3] > 0.5) + 0.5 * (s[3] > 0.70)
    model += 0.5 * (spread >= 2) + 1.0 * (spread >= 3)
    model *= {1: 1.25, 5: 1.15}.get(int(r["phase"]), 1.0)
    slip = min(4.0, max(model, r["realised_slip"])) + 0 * s[3]
    s[26] = slip / 4
    s[27] = r["dvs_bp"] / 10_000
    friction = 1.25 * (2 * FEE + TICK_VALUE * (0.5 * max(spread, 1) + slip))
    s[28] = clamp(friction / MAX_RISK / 0.5, 0, 1)


def _roll(g: Columns, k: int) -> float:
    dc = g["dc"][1 : k + 1][-61:]
    if len(dc) < 31:
        return NAN
    cov = np.mean(dc[1:] * dc[:-1]) - dc[1:].mean() * dc[:-1].mean()
    return 2 * math.sqrt(max(0.0, -cov))


def _crowd(s: dict[int, float], r: Row, run: float) -> None:
    def chase(side: int) -> float:
        volume = clamp((s[13] + 1) / 2, 0, 1)
        return float(np.cbrt(clamp(side * s[11], 0, 1) * clamp(1.5 * side * s[1], 0, 1) * volume))

    s[29] = chase(1) - chase(-1)
    wide, heavy = clamp(r["tr"] / r["p30"] - 1, 0, 2) / 2, clamp(r["z"], 0, 3) / 3
    s[30] = float(np.cbrt(wide * heavy * abs(s[12])))
    near = min(r["close"] % 40, -r["close"] % 40)
    s[32] = clamp(1 - near / np.minimum(np.maximum(2, r["a14"]), 10), 0, 1)
    s[34] = math.exp(-abs(r["zv"]) / 1.5) * math.exp(-abs(r["z"]) / 3) + 0 * s[1]
    s[35] = clamp(run / 6, -1, 1) * (0.5 + 0.5 * clamp(s[14], 0, 1)) if r["i"] >= 3 else NAN


def _extremes(s: dict[int, float], r: Row, g: Columns, k: int, prior: Columns | None) -> None:
    i, a14 = k + 1, r["a14"]
    s[31] = s[33] = NAN
    if i >= 14 and not math.isnan(a14):
        s[31] = _sweeps(g, k, prior, 1) - _sweeps(g, k, prior, -1)
    if i >= 15:
        far = (
            r["close"] - g["low"][k - 14 : i].min(),
            g["high"][k - 14 : i].max() - r["close"],
        )
        late = [clamp(d / (a14 * math.sqrt(15)) - 0.7, 0, 0.6) / 0.6 for d in far]
        s[33] = late[0] - late[1]


def _sweeps(g: Columns, k: int, prior: Columns | None, side: int) -> float:
    """The best sweep of one side, on prices turned so that support is below."""
    i, a14 = k + 1, g["a14"][k]

    def lows(columns: Columns) -> np.ndarray:
        return columns["low"] if side > 0 else -columns["high"]

    levels = [(lows(g)[max(0, k - 23) : k - 3].min(), 0.8)]
    if i >= 20 and _opening(g, k) is not None:
        levels.append((lows(g)[g["minute"] < 15].min(), 1.0))
    if prior is not None:
        levels.append((lows(prior).min(), 1.0))
    close, lowest = side * g["close"][k], lows(g)[k - 3 : i].min()
    best = 0.0
    for level, weight in levels:
        if lowest <= level - 1 and close > level:
            depth, back = min(1.0, (level - lowest) / a14), min(1.0, (close - level) / (0.5 * a14))
            best = max(best, weight * math.sqrt(depth * back))
    return best
