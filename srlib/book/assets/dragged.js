/* onpointermove of the box: a mouse drags the picture; a finger scrolls it without help. */
if (event.buttons && event.pointerType == 'mouse')
  this.scrollBy(-event.movementX, -event.movementY)
