// The values that the codecs are measured with.

const words = ['alpha', 'beta', 'gamma', 'delta', 'epsilon', 'zeta', 'eta', 'theta', 'iota', 'kappa']

/** A configuration of about 10 KB as JSON. */
function configuration(): unknown {
  return {
    name: 'service',
    version: '1.14.2',
    debug: false,
    servers: Array.from({ length: 12 }, (_, n) => ({
      host: `node-${n}.internal.example.com`,
      port: 8000 + n,
      tls: {
        enabled: n % 2 === 0,
        certificate: `/etc/ssl/certs/node-${n}.pem`,
        ciphers: ['TLS_AES_128', 'TLS_AES_256'],
      },
      limits: { connections: 1000 * (n + 1), rate: n * 0.75, burst: null },
      labels: { zone: `zone-${n % 3}`, tier: n % 2 ? 'backend' : 'frontend', [`custom_${n}`]: words[n % 10] },
    })),
    plugins: Object.fromEntries(
      words.map((word, n) => [
        word,
        {
          enabled: n % 3 > 0,
          order: n,
          options: { path: `/usr/lib/plugins/${word}.so`, level: n / 4, tags: words.slice(0, n) },
        },
      ]),
    ),
    routes: Array.from({ length: 30 }, (_, n) => ({
      path: `/api/v1/${words[n % 10]}/:id`,
      methods: n % 2 ? ['GET'] : ['GET', 'POST'],
      handler: `${words[(n * 7) % 10]}Controller.index`,
      timeout: 500 * n,
    })),
  }
}

const ascii = 'The quick brown fox jumps over the lazy dog. '
const other = 'Ünïcödé ist schön; 漢字も書ける。 Привет, мир! 🎱 '

export const values: Readonly<Record<string, unknown>> = {
  'small object': {
    id: 12_345,
    method: 'resize',
    params: { width: 640, height: 480, path: '/images/some.png' },
    tags: ['red', 'green', 'blue'],
  },
  '100 rows': Array.from({ length: 100 }, (_, n) => ({
    id: n * 37,
    name: `user number ${n}`,
    active: n % 3 === 0,
    score: n * 1.37,
  })),
  'configuration of 10 KB': configuration(),
  '1,000 small integers': Array.from({ length: 1000 }, (_, n) => (n * 7) % 1000),
  '1,000 doubles': Array.from({ length: 1000 }, (_, n) => Math.sqrt(n + 0.5)),
  'text of 100 KB, ASCII': ascii.repeat(2300),
  'text of 100 KB, other': other.repeat(1300),
  'text of 200 B, other': other.repeat(4),
  'Map, Set and Date': {
    users: new Map(
      words.map((word, n) => [word, { since: new Date(1.7e12 + n * 864e5), roles: new Set(['reader', `role-${n}`]) }]),
    ),
    seen: new Set(Array.from({ length: 50 }, (_, n) => n * 3)),
    at: new Date(1.71e12),
  },
  'object with a Buffer of 1 MiB': { id: 7, name: 'frame', data: Buffer.alloc(1 << 20, 0x5a) },
}
