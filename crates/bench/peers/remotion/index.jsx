// The film of the benchmark, as a React component: ten pictures under a slow zoom, crossfades,
// captions whose words light up.
import React from 'react';
import {AbsoluteFill, Composition, Img, Sequence, interpolate, registerRoot, staticFile,
  useCurrentFrame} from 'remotion';

const SCENE = 180;
const FADE = 15;
const WORDS = ('Nobody had ever been so deep and for half a century nobody came back to look '
  + 'although it lies no farther away than the next town').split(' ');

const Picture = ({index, fade, length}) => {
  const frame = useCurrentFrame();
  const scale = interpolate(frame, [0, length], [1, 1.115]);
  const opacity = fade ? interpolate(frame, [0, FADE], [0, 1], {extrapolateRight: 'clamp'}) : 1;
  return (
    <AbsoluteFill style={{opacity}}>
      <Img
        src={staticFile(`${index}.png`)}
        style={{width: '100%', height: '100%', transform: `scale(${scale})`}}
      />
    </AbsoluteFill>
  );
};

const Caption = () => {
  const frame = useCurrentFrame();
  const word = Math.floor((frame - 11) / 9.9);
  if (word < 0 || word >= WORDS.length) {
    return null;
  }
  const first = word - (word % 5);
  return (
    <AbsoluteFill style={{justifyContent: 'flex-end', alignItems: 'center', paddingBottom: 110}}>
      <div
        style={{
          font: '700 60px sans-serif', color: 'white', background: 'rgba(0,0,0,0.6)',
          borderRadius: 18, padding: '14px 28px',
        }}
      >
        {WORDS.slice(first, first + 5).map((text, n) => (
          <span key={n} style={{color: first + n === word ? '#ffc800' : 'white'}}>{text} </span>
        ))}
      </div>
    </AbsoluteFill>
  );
};

const Film = () => (
  <AbsoluteFill style={{backgroundColor: 'black'}}>
    {Array.from({length: 10}, (_, index) => {
      const length = SCENE + (index < 9 ? FADE : 0);
      return (
        <Sequence key={index} from={index * SCENE} durationInFrames={length}>
          <Picture index={index} fade={index > 0} length={length} />
        </Sequence>
      );
    })}
    {Array.from({length: 10}, (_, index) => (
      <Sequence key={index} from={index * SCENE} durationInFrames={SCENE}>
        <Caption />
      </Sequence>
    ))}
  </AbsoluteFill>
);

registerRoot(() => (
  <Composition
    id="film" component={Film} width={1920} height={1080} fps={30} durationInFrames={SCENE * 10}
  />
));
