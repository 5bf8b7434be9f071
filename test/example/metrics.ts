import t from 'tap'
import { buildDemo } from '../fixtures/servers/built-demo.ts'

t.test('/metrics counts token and session events, and times requests', async t => {
  const app = await buildDemo(t, { REUSE_INTERVAL: '0' })
  const post = async (url: string, payload: object) =>
    (await app.inject({ method: 'POST', url, payload })).json()
  const hello = (access: string) =>
    app.inject({ url: '/hello/', headers: { authorization: `Bearer ${access}` } })
  const figure = async (name: string): Promise<number> => {
    const lines: string[] = (await app.inject('/metrics')).body.split('\n')
    return Number(lines.find(line => line.startsWith(`${name} `))?.slice(name.length))
  }
  const events = (type: string): Promise<number> => figure(`simplejwt_events_total{type="${type}"}`)

  t.equal(await events('login'), 0, 'there from the start')
  const first = await post('/api/token/', { username: 'vitor', password: '123' })
  const second = await post('/api/token/', { username: 'vitor', password: '123' })
  for (let attempt = 0; attempt < 6; attempt++) {
    await post('/api/token/', { username: 'maria', password: 'wrong' })
  }
  await post('/api/token/refresh/', { refresh: first.refresh })
  await post('/api/token/refresh/', { refresh: first.refresh })
  await post('/api/token/blacklist/', { refresh: second.refresh })
  t.equal(await events('login'), 2)
  t.equal(await events('login_failed'), 5)
  t.equal(await events('throttled'), 1)
  t.equal(await events('refreshed'), 1)
  t.equal(await events('reuse_detected'), 1)
  t.equal(await events('revoked'), 1)
  t.equal(await events('replayed'), 0)

  const third = await post('/api/token/', { username: 'vitor', password: '123' })
  for (let request = 0; request < 4; request++) await hello(third.access)
  await hello('none')
  t.equal(await figure('simplejwt_cache_lookups_total{result="hit"}'), 2)
  t.equal(await figure('simplejwt_cache_lookups_total{result="miss"}'), 3)
  t.equal(await figure('simplejwt_cache_entries'), 1)
  t.equal(
    await figure('http_request_duration_seconds_count{method="GET",route="/hello/",status="200"}'),
    4
  )
  t.equal(
    await figure('http_request_duration_seconds_count{method="GET",route="/hello/",status="401"}'),
    1
  )
  t.equal(
    await figure(
      'http_request_duration_seconds_bucket{le="10",method="GET",route="/hello/",status="200"}'
    ),
    4
  )
  t.ok(await figure('nodejs_eventloop_lag_p99_seconds') > 0)

  await app.inject(`/${third.refresh}`)
  await app.inject({
    method: 'DELETE',
    url: `/api/token/sessions/${'feed'.repeat(8)}/`,
    headers: { authorization: `Bearer ${third.access}` }
  })
  const { body, headers } = await app.inject('/metrics')
  t.match(headers['content-type'], 'text/plain; version=0.0.4')
  for (const label of [third.refresh, third.access, 'feedfeed', 'vitor', 'maria']) {
    t.notOk(body.includes(label), "no label is of a client's choosing")
  }
  t.match(body, 'route="/api/token/sessions/:sid')
  t.match(body, 'route="none",status="404"')
})

t.test('/metrics and /docs are 404 beyond loopback, and the rest works', async t => {
  const app = await buildDemo(t, { HOST: '0.0.0.0' })
  for (const url of ['/metrics', '/docs', '/docs/json', '/docs/static/index.html']) {
    t.equal((await app.inject(url)).statusCode, 404, url)
  }
  for (const url of ['/', '/healthz', '/readyz', '/lesson.json']) {
    t.equal((await app.inject(url)).statusCode, 200, url)
  }
  const open = await buildDemo(t, { HOST: '0.0.0.0', METRICS: 'on', DOCS: 'on' })
  for (const url of ['/metrics', '/docs/json']) {
    t.equal((await open.inject(url)).statusCode, 200, url)
  }
})
