"use strict";

customElements.whenDefined("rapi-doc").then(async () => {
  const response = await fetch("/openapi.json");
  const description = await response.json();
  for (const operation of Object.values(description.paths).flatMap(Object.values)) {
    // Otherwise the page shows a lock beside what is open.
    if (operation.security.length === 0) delete operation.security;
    // Otherwise it sends the examples of all that can be left out.
    for (const parameter of operation.parameters ?? []) {
      if (parameter.required) continue;
      parameter.description += ` Example: \`${parameter.example}\``;
      delete parameter.example;
    }
  }
  document.getElementById("document").loadSpec(description);
});
