"""The part that every task plugs in."""

from .contrastive_branch import ContrastiveBranch

__all__ = ['ContrastiveBranch']
