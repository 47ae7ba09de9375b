/** Waits `ms`, or until the signal; never throws, and leaves nothing on the signal. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return
  const { promise, resolve: over } = Promise.withResolvers<void>()
  const end = (): void => over()
  const timer = setTimeout(end, Math.max(0, ms))
  signal.addEventListener('abort', end)
  await promise
  signal.removeEventListener('abort', end)
  clearTimeout(timer)
}
