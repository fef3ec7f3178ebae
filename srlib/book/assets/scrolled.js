/* onscroll of the box: tell the style sheet how far, so that the line stays where it is. */
this.closest('.srlib').style.setProperty('--x', this.scrollLeft / this.clientWidth)
