"""The four steps in which MoneyPrinterTurbo makes a video from pictures, with the MoviePy
version that it pins: every picture becomes a zooming clip, every clip is fitted and faded, the
clips are joined and encoded again, and the captions are laid over that. It is not that
program's code, but the same calls on the same library.

All encodings use the given preset and CRF; as shipped, that program uses x264's slower default.

four_steps.py WORK SECONDS PRESET CRF PICTURE...
"""

import pathlib
import subprocess
import sys

import imageio_ffmpeg
from moviepy import CompositeVideoClip, ImageClip, TextClip, VideoFileClip, vfx

WORK = pathlib.Path(sys.argv[1])
SECONDS = float(sys.argv[2])
PRESET, CRF = sys.argv[3:5]
PICTURES = sys.argv[5:]
FONT = "/usr/share/fonts/truetype/dejavu/DejaVuSans-Bold.ttf"
WORDS = (
    "Nobody had ever been so deep and for half a century nobody came back to look "
    "although it lies no farther away than the next town"
).split()


def write(clip, path):
    clip.write_videofile(
        str(path),
        fps=30,
        codec="libx264",
        audio=False,
        preset=PRESET,
        ffmpeg_params=["-crf", CRF, "-pix_fmt", "yuv420p"],
        threads=1,
        logger=None,
    )


def step_1(picture, path):
    clip = ImageClip(picture).with_duration(SECONDS).with_position("center")
    zoom = clip.resized(lambda t: 1 + SECONDS * 0.03 * (t / clip.duration))
    write(CompositeVideoClip([zoom]), path)


def step_2(source, path):
    clip = VideoFileClip(str(source), audio=False)
    clip = clip.resized(new_size=(1920, 1080)).with_effects([vfx.FadeIn(0.5)])
    write(clip, path)
    clip.close()


def step_3(clips, path):
    listing = WORK / "list.txt"
    listing.write_text("".join(f"file '{clip}'\n" for clip in clips))
    subprocess.run(
        [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-y", "-f", "concat", "-safe", "0"]
        + ["-i", str(listing), "-c:v", "libx264", "-preset", PRESET, "-crf", CRF]
        + ["-threads", "1", "-pix_fmt", "yuv420p", str(path)],
        check=True,
    )


def step_4(source, path):
    clip = VideoFileClip(str(source), audio=False)
    layers = [clip]
    at, line = 0.35, 0
    while at < clip.duration:
        text = " ".join(WORDS[(line * 4) % len(WORDS) :][:4])
        caption = TextClip(
            font=FONT, text=text, font_size=60, color="white", stroke_color="black", stroke_width=2
        )
        length = min(1.3, clip.duration - at)
        layers.append(
            caption.with_start(at).with_duration(length).with_position(("center", 900))
        )
        at, line = at + 1.35, line + 1
    write(CompositeVideoClip(layers), path)
    clip.close()


fitted = []
for number, picture in enumerate(PICTURES):
    zoomed = WORK / f"zoomed-{number}.mp4"
    step_1(picture, zoomed)
    fitted.append(WORK / f"fitted-{number}.mp4")
    step_2(zoomed, fitted[-1])
joined = WORK / "joined.mp4"
step_3(fitted, joined)
step_4(joined, WORK / "final.mp4")
