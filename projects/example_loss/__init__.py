"""An example of a project: one contrastive loss, in one file."""

from .sincere import SINCERELoss

__all__ = ['SINCERELoss']
