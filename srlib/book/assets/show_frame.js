/* oninput of the figure: show the frame that the controls stand at. The last one varies fastest. */
let i = 0;
for (const c of this.querySelectorAll('[data-values]')) {
  const values = JSON.parse(c.dataset.values);
  const k = c.type == 'checkbox' ? +c.checked : +c.value;
  i = i * values.length + k;
  if (c.type == 'range') c.setAttribute('aria-valuetext', values[k]);
}
this.querySelectorAll('.srlib-frame').forEach((frame, j) => {
  frame.dataset.on = +(i == j);
});
