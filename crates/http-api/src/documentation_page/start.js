"use strict";

customElements.whenDefined("rapi-doc").then(async () => {
  const response = await fetch("/openapi.json");
  document.getElementById("document").loadSpec(await response.json());
});
