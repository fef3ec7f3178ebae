/* onclick of the figure: the button moves the slider to its end, a step every 0.6 s, or stops it.
   The button holds its own timer: a handler has no other place for it. */
const b = event.target.closest('button'), r = this.querySelector('[type=range]');
if (!b) return;
const rest = () => {
  clearInterval(b.timer);
  b.timer = 0;
  b.textContent = 'play';
};
const go = (step) => {
  r.value = +r.value + step;
  r.dispatchEvent(new Event('input', {bubbles: true}));
};
if (b.timer) return rest();
if (r.value == r.max) go(-r.max);
b.textContent = 'stop';
b.timer = setInterval(() => {
  if (!b.isConnected || r.value == r.max) rest();
  else go(1);
}, 600);
