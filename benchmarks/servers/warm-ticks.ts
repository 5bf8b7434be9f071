/**
 * On Node 20 a collection of garbage that comes before `process.nextTick` is hot leaves it slow for
 * good (V8 has forgotten the shape of its objects): 7 us a request, in one process and not in the
 * next. So a server makes it hot before anything else.
 */
export async function warmTicks (): Promise<void> {
  for (let round = 0; round < 300; round++) {
    for (let tick = 0; tick < 1000; tick++) process.nextTick(() => {}, tick)
    await new Promise(resolve => { process.nextTick(resolve) })
  }
}
