"""Raw frames of MoviePy's `resized` zoom, for tracking dots: PICTURE FRAMES OUT"""

import sys

import numpy
from moviepy import CompositeVideoClip, ImageClip

picture, frames = sys.argv[1], int(sys.argv[2])
duration = frames / 30
clip = ImageClip(picture).with_duration(duration)
zoom = clip.resized(lambda t: 1920 / clip.w * (1 + 0.15 * t / duration)).with_position("center")
film = CompositeVideoClip([zoom], size=(1920, 1080))
with open(sys.argv[3], "wb") as out:
    for index in range(frames):
        frame = film.get_frame(index / 30)
        out.write(numpy.ascontiguousarray(frame[:, :, 1]).tobytes())
