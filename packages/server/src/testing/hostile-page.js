/* Runs in a page of another website and tries to read or change something of the BorgOS at `api`. */
globalThis.attack = async (api) => {
  const read = [];
  const project = JSON.stringify({ name: 'planted', path: `/planted/${Math.random()}` });
  const types = ['application/json', 'text/plain', 'application/x-www-form-urlencoded'];
  const requests = [
    ['/api/v1/projects', {}],
    ['/api/v1/projects', { mode: 'no-cors' }],
    ['/api/v1/projects', { credentials: 'include' }],
    ['/metrics', {}],
    ['/', {}],
    ['/api/v1/projects/1', { method: 'DELETE' }],
    ['/api/v1/projects', { method: 'POST', body: new Blob([project]), mode: 'no-cors' }],
    ...types.flatMap((type) => {
      const headers = { 'content-type': type };
      const post = { method: 'POST', headers, body: project };
      return [
        ['/api/v1/projects', post],
        ['/api/v1/projects', { ...post, mode: 'no-cors' }],
      ];
    }),
  ];
  for (const [path, request] of requests) {
    try {
      const text = await (await fetch(api + path, request)).text();
      if (text.includes('Private') || text.includes('borgos_')) read.push(`fetch ${path}: ${text}`);
    } catch {
      // The browser or BorgOS refused it, which is what is hoped for.
    }
  }
  navigator.sendBeacon(`${api}/api/v1/projects`, project);
  const form = document.createElement('form');
  form.method = 'POST';
  form.action = `${api}/api/v1/projects`;
  form.enctype = 'text/plain';
  form.target = `frame of ${api}`;
  const input = document.createElement('input');
  input.name = '{"name":"planted","path":"/planted/form","x":"';
  input.value = '"}';
  form.append(input);
  const frame = document.createElement('iframe');
  frame.name = form.target;
  document.body.append(frame, form);
  const submitted = new Promise((resolve) => frame.addEventListener('load', resolve));
  form.submit();
  await submitted;
  try {
    const shown = frame.contentDocument?.body.textContent ?? '';
    if (shown.includes('Private')) read.push(`frame: ${shown}`);
  } catch {
    // Another origin's.
  }
  return read;
};
