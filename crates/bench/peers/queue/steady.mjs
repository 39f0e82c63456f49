// Adds so many jobs a second, one by one, and tells how long each waited for its handler.
export async function steadily(jobs, rate, add) {
  const began = performance.now();
  const adding = [];
  for (let n = 0; n < jobs; ) {
    const due = Math.min(jobs, Math.floor(((performance.now() - began) * rate) / 1000) + 1);
    while (n < due) {
      adding.push(add(performance.now()));
      n += 1;
    }
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  await Promise.all(adding);
}

export function told(times) {
  times.sort((a, b) => a - b);
  const part = (percent) => times[Math.floor((times.length * percent) / 100)] ?? 0;
  return { p50_ms: part(50), p99_ms: part(99) };
}
