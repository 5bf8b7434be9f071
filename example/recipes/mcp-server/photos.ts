/** The albums of all users, in memory. */
export interface Photos {
  /** Returns the titles of the photos of a user. */
  of(userId: string): string[]
  /** Returns false if the user has no such photo. */
  remove(userId: string, title: string): boolean
}

/** Each album is under the id of its user. */
export function createPhotos (albums: Record<string, string[]>): Photos {
  const rows = new Map(Object.entries(albums).map(([id, titles]) => [id, new Set(titles)]))
  return {
    of: userId => [...rows.get(userId) ?? []],
    remove: (userId, title) => rows.get(userId)?.delete(title) ?? false
  }
}
