import { TroupeError } from '../core/error.ts'
import type { Db } from './engine.ts'
import type { Written } from './schema.ts'
import type { SettingsReader, Tx } from './store.ts'

export function settingsReader(db: Db, team: string): SettingsReader {
  return {
    async get(key) {
      const row = await db
        .selectFrom('settings')
        .select('value')
        .where('team', '=', team)
        .where('key', '=', key)
        .executeTakeFirst()
      return row === undefined ? undefined : (JSON.parse(row.value) as unknown)
    },
  }
}

export function settingsWriter(db: Db, by: Written): Tx['settings'] {
  return {
    ...settingsReader(db, by.team),
    async put(key, value) {
      const text = JSON.stringify(value) as string | undefined
      if (text === undefined) throw new TroupeError('internal', `the setting ${key} has no JSON form`)
      const { team, host, epoch } = by
      await db
        .insertInto('settings')
        .values({ team, key, value: text, host, epoch })
        .onConflict((conflict) => conflict.columns(['team', 'key']).doUpdateSet({ value: text, host, epoch }))
        .execute()
    },
  }
}
