// Makes the unmodified supabase-js client, as a test needs it.
import { createClient } from '@supabase/supabase-js'
import WebSocket from 'ws'

// connect is createClient with the one option that Node before 22 wants: a WebSocket, which it has no global one of.
export function connect(url, key = 'anon') {
  return createClient(url, key, { realtime: { transport: WebSocket }, auth: { persistSession: false } })
}
