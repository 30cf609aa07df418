import { SparseFile } from './sparse-file.js'

/**
 * Directories: the names a process sees and the names the device holds. A change of names (create, rename, remove)
 * is one atomic entry in `pending` until a directory it touches is synced.
 */
export class Directory {
  readonly directory = true
  modifiedMs = 0
  names = new Map<string, TreeNode>()
  durable = new Map<string, TreeNode>()
}

export type TreeNode = Directory | SparseFile

interface NameChange {
  remove?: { from: Directory; name: string }
  add?: { to: Directory; name: string; node: TreeNode }
}

export class NameTree {
  root = new Directory()
  #pending: NameChange[] = []

  find(path: string): TreeNode | undefined {
    let node: TreeNode | undefined = this.root
    for (const name of splitPath(path)) {
      node = node instanceof Directory ? node.names.get(name) : undefined
    }
    return node
  }

  /** The directory that holds `path`'s last name, when it exists. */
  parent(path: string): { directory: Directory | undefined; name: string } {
    const names = splitPath(path)
    const name = names.pop() ?? ''
    const node = this.find(names.join('/'))
    return { directory: node instanceof Directory ? node : undefined, name }
  }

  add(to: Directory, name: string, node: TreeNode): void {
    this.#change({ add: { to, name, node } })
  }

  remove(from: Directory, name: string): void {
    this.#change({ remove: { from, name } })
  }

  rename(from: Directory, fromName: string, to: Directory, toName: string, node: TreeNode): void {
    this.#change({ remove: { from, name: fromName }, add: { to, name: toName, node } })
  }

  /** A rename between two directories takes the other one with it. */
  sync(directory: Directory): void {
    const toSync = [directory]
    for (const synced of toSync) {
      const touching = this.#pending.filter(
        (change) => change.remove?.from === synced || change.add?.to === synced,
      )
      this.#pending = this.#pending.filter((change) => !touching.includes(change))
      for (const { remove, add } of touching) {
        for (const other of [remove?.from, add?.to]) if (other && !toSync.includes(other)) toSync.push(other)
      }
      synced.durable = new Map(synced.names)
    }
  }

  /** What a process started after this one's death sees; un-synced state stays un-synced. */
  copy(): NameTree {
    const copies = new Map<TreeNode, TreeNode>()
    const copyOf = (node: TreeNode): TreeNode => {
      const known = copies.get(node)
      if (known) return known
      if (node instanceof SparseFile) {
        const file = node.copy()
        copies.set(node, file)
        return file
      }
      const directory = new Directory()
      copies.set(node, directory)
      directory.modifiedMs = node.modifiedMs
      for (const [name, child] of node.names) directory.names.set(name, copyOf(child))
      for (const [name, child] of node.durable) directory.durable.set(name, copyOf(child))
      return directory
    }
    const directoryOf = (node: Directory) => copyOf(node) as Directory
    const tree = new NameTree()
    tree.root = directoryOf(this.root)
    tree.#pending = this.#pending.map(({ remove, add }) => ({
      ...(remove && { remove: { ...remove, from: directoryOf(remove.from) } }),
      ...(add && { add: { ...add, to: directoryOf(add.to), node: copyOf(add.node) } }),
    }))
    return tree
  }

  /** Durable names plus the un-synced changes that `survives` says, files likewise. */
  afterPowerCut(survives: () => boolean): NameTree {
    const names = new Map<Directory, Map<string, TreeNode>>()
    const namesOf = (directory: Directory) => {
      const known = names.get(directory) ?? new Map(directory.durable)
      names.set(directory, known)
      return known
    }
    for (const { remove, add } of this.#pending) {
      if (!survives()) continue
      if (remove) namesOf(remove.from).delete(remove.name)
      if (add) namesOf(add.to).set(add.name, add.node)
    }
    const images = new Map<TreeNode, TreeNode>()
    const imageOf = (node: TreeNode): TreeNode => {
      const known = images.get(node)
      if (known) return known
      const image = node instanceof SparseFile ? node.afterPowerCut(survives) : new Directory()
      images.set(node, image)
      image.modifiedMs = node.modifiedMs
      if (image instanceof Directory && node instanceof Directory) {
        for (const [name, child] of namesOf(node)) image.names.set(name, imageOf(child))
        image.durable = new Map(image.names)
      }
      return image
    }
    const tree = new NameTree()
    tree.root = imageOf(this.root) as Directory
    return tree
  }

  #change(change: NameChange): void {
    const { remove, add } = change
    if (remove) remove.from.names.delete(remove.name)
    if (add) add.to.names.set(add.name, add.node)
    this.#pending.push(change)
  }
}

export function splitPath(path: string): string[] {
  return path.split('/').filter((name) => name !== '' && name !== '.')
}

/** `/a//b/` and `a/b` are the same file here. */
export function cleanPath(path: string): string {
  return `/${splitPath(path).join('/')}`
}
