import type { Implementation } from '../bus/server.ts';
import type { ImageLibrary } from '../image/library.ts';
import type { ImageRecord } from '../store/artifacts.ts';

/** org.banger.Image1 */
export function imageObject(images: ImageLibrary, image: ImageRecord): Implementation<'org.banger.Image1'> {
  return {
    methods: {
      Delete: () => images.delete(image.id),
    },
    properties: {
      Id: () => image.id,
      Name: () => image.name,
      Kernel: () => image.kernel,
      Distribution: () => image.distribution,
      Architecture: () => image.architecture,
      Size: () => image.size,
      Digest: () => image.digest,
      CreatedAt: () => image.createdAt,
    },
  };
}
