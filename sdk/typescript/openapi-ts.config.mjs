// How @hey-api/openapi-ts makes src/generated. `cargo xtask sdk typescript` names the document.
export default {
  output: { path: 'src/generated', module: { extension: '.js' } },
  plugins: [
    // What goes wrong is thrown, as src/problems.ts makes it.
    { name: '@hey-api/client-fetch', throwOnError: true },
    '@hey-api/typescript',
    '@hey-api/sdk',
  ],
};
