/* oninput of the figure: move the line, enlarge, or choose which two pictures are seen. */
const c = event.target, pan = this.querySelector('.srlib-pan');
const layers = [...this.querySelectorAll('.srlib-layer')];
if (c.name == 'cut') this.style.setProperty('--cut', c.value / 100);
if (c.name == 'zoom') {
  /* What is in the middle of the box stays there. */
  const x = (pan.scrollLeft + pan.clientWidth / 2) / pan.scrollWidth;
  const y = (pan.scrollTop + pan.clientHeight / 2) / pan.scrollHeight;
  this.dataset.zoom = c.value;
  this.style.setProperty('--zoom', c.value);
  pan.tabIndex = c.value > 1 ? 0 : -1;
  pan.scrollLeft = x * pan.scrollWidth - pan.clientWidth / 2;
  pan.scrollTop = y * pan.scrollHeight - pan.clientHeight / 2;
  c.setAttribute('aria-valuetext', c.value + ' times');
}
if (c.tagName == 'SELECT') {
  const [left, right] = this.querySelectorAll('select');
  layers.forEach((layer, i) => {
    if (i == right.value) layer.dataset.side = 'right';
    else if (i == left.value) layer.dataset.side = 'left';
    else delete layer.dataset.side;
  });
}
/* The same picture on both sides is the right one: then nothing is on the left. */
const cut = this.querySelector('[name=cut]'), first = layers.find(l => l.dataset.side == 'left');
if (first) cut.setAttribute('aria-valuetext', cut.value + ' % ' + first.innerText);
