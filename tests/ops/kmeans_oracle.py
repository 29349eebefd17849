"""Spherical k-means in plain Python, for lists of floats."""

import math

Row = list[float]
# Far above the rounding of float64, far below any difference between the cosines of random rows.
TIE = 1e-12


def length(row: Row) -> float:
    return math.sqrt(math.fsum(x * x for x in row))


def unit(row: Row) -> Row:
    return [x / length(row) for x in row]


def cosine(first: Row, second: Row) -> float:
    return math.fsum(x * y for x, y in zip(unit(first), unit(second), strict=True))


def nearest(row: Row, centroids: list[Row]) -> int:
    """First of the centroids with the highest cosine; -1 for a row without direction."""
    if length(row) < 1e-6:
        return -1
    best = 0
    for k in range(1, len(centroids)):
        if cosine(row, centroids[k]) > cosine(row, centroids[best]) + TIE:
            best = k
    return best


def objective(rows: list[Row], centroids: list[Row]) -> float:
    """Sum of the cosines of the rows and their centroids."""
    owners = [nearest(row, centroids) for row in rows]
    return math.fsum(cosine(row, centroids[k]) for row, k in zip(rows, owners, strict=True) if k >= 0)


def move(rows: list[Row], centroids: list[Row]) -> list[Row]:
    """Mean directions; empty clusters, by index, go to the rows of the lowest cosines."""
    owners = [nearest(row, centroids) for row in rows]
    fits = sorted((cosine(row, centroids[k]), i) for i, (row, k) in enumerate(zip(rows, owners, strict=True)) if k >= 0)
    ill_fitting = [rows[i] for fit, i in fits if fit < 1 - TIE]
    moved = []
    for k, centroid in enumerate(centroids):
        members = [unit(row) for row, owner in zip(rows, owners, strict=True) if owner == k]
        mean = [math.fsum(column) / len(members) for column in zip(*members, strict=True)]
        if members:
            moved.append(unit(mean) if length(mean) > 1e-6 else centroid)
        else:
            moved.append(unit(ill_fitting.pop(0)) if ill_fitting else centroid)
    return moved


def spherical_kmeans(rows: list[Row], initial: list[Row], iterations: int) -> tuple[list[Row], list[int]]:
    """Unit centroids and the cluster of each row."""
    centroids = [unit(row) for row in initial]
    for _ in range(iterations):
        centroids = move(rows, centroids)
    return centroids, [nearest(row, centroids) for row in rows]
