import neostandard, { plugins } from 'neostandard'

/** A text without a space, such as a key or a hash, cannot be wrapped. */
const UNBREAKABLE = '([\'"])[^\\s\'"]{60,}\\1'

export default [
  ...neostandard({ ts: true, ignores: ['dist', '.tap'] }),
  {
    files: ['**/*.ts'],
    plugins: { '@typescript-eslint': plugins['typescript-eslint'].plugin },
    rules: { '@typescript-eslint/no-explicit-any': 'error' }
  },
  {
    files: ['**/*.{js,ts}'],
    plugins: { '@stylistic': plugins['@stylistic'] },
    rules: {
      '@stylistic/max-len': ['error', {
        code: 100,
        ignoreUrls: true,
        ignoreTemplateLiterals: true,
        ignoreRegExpLiterals: true,
        ignorePattern: UNBREAKABLE
      }]
    }
  },
  {
    files: ['plugin/**/*.ts'],
    rules: {
      'max-lines': ['error', { max: 200, skipBlankLines: false, skipComments: false }],
      'max-params': ['error', 5],
      'no-nested-ternary': 'error'
    }
  },
  {
    files: ['example/{public,connect,printer}/*.js'],
    languageOptions: {
      globals: { getSelection: 'readonly', history: 'readonly', location: 'readonly' }
    }
  }
]
