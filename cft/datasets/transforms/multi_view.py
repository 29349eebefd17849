"""Several views of one image in memory."""

import copy

from mmpretrain.datasets.transforms import MultiView as CopyingMultiView

from cft.registry import TRANSFORMS


@TRANSFORMS.register_module()
class MultiView(CopyingMultiView):
    """mmpretrain's ``MultiView``, all of whose views are taken from the same pixels instead of a copy each.

    A transform that would write into the image, for the other views as well, is an error of NumPy's: the image is
    read-only. Those that leave it as it is, such as ``cft.ViewAugment``, need no copy.

    Args:
        transforms: Pipelines, one for each kind of view.
        num_views: Number of views of each kind.

    Example:
        >>> import numpy as np
        >>> views = MultiView([[dict(type='cft.ViewAugment', distribution='weak', size=32)]], num_views=2)
        >>> [view.shape for view in views({'img': np.zeros((48, 64, 3), np.uint8)})['img']]
        [(32, 32, 3), (32, 32, 3)]
    """

    def transform(self, results: dict) -> dict:
        """Replace ``results['img']`` by the list of its views."""
        image = results['img'].view()
        image.flags.writeable = False
        results['img'] = [view({**results, 'img': image})['img'] for view in self.transforms]
        return results

    def first_views(self, count: int) -> 'MultiView':
        """The transform that makes the first views alone, of the same draws: a view is drawn after those before it.

        Example:
            >>> import numpy as np
            >>> two = MultiView([[lambda results: results]], num_views=8).first_views(2)
            >>> len(two({'img': np.zeros((48, 64, 3), np.uint8)})['img'])
            2
        """
        fewer = copy.copy(self)
        fewer.transforms = self.transforms[:count]
        return fewer
